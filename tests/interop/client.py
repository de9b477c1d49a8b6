"""Prints the token that IBM's SDK for Python gets. Usage: client.py URL, with the API key on stdin."""

import sys

from ibm_cloud_sdk_core.authenticators import IAMAuthenticator

print(IAMAuthenticator(sys.stdin.read().strip(), url=sys.argv[1]).token_manager.get_token())
