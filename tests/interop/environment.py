"""Prints how IBM's SDK for Python authenticates a service: environment.py SERVICE, configured by the environment."""

import sys

from ibm_cloud_sdk_core import get_authenticator_from_environment

authenticator = get_authenticator_from_environment(sys.argv[1])
request = {'headers': {}}
authenticator.authenticate(request)
print(authenticator.authentication_type(), request['headers']['Authorization'])
