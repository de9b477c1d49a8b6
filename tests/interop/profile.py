"""Prints the token of a trusted profile that IBM's SDK for Python gets.

Usage: profile.py URL assume|container id|crn|name PROFILE, with the API key on stdin and the file of the compute
resource's token in CR_TOKEN_FILE.
"""

import os
import sys

from ibm_cloud_sdk_core.authenticators import ContainerAuthenticator, IAMAssumeAuthenticator

url, kind, field, profile = sys.argv[1:]
key = sys.stdin.read().strip()
options = {f"iam_profile_{field}": profile, "url": url}
if kind == "container":
    authenticator = ContainerAuthenticator(cr_token_filename=os.environ["CR_TOKEN_FILE"], **options)
else:
    if field == "name":
        options["iam_account_id"] = "b2"
    authenticator = IAMAssumeAuthenticator(key, **options)
print(authenticator.token_manager.get_token())
