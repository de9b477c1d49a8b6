// Prints how IBM's SDK for Node.js authenticates a service: environment.js SERVICE, configured by the environment.

const { getAuthenticatorFromEnvironment } = require('ibm-cloud-sdk-core');

const authenticator = getAuthenticatorFromEnvironment(process.argv[2]);
const request = { headers: {} };
authenticator.authenticate(request).then(() => {
  console.log(authenticator.authenticationType(), request.headers.Authorization);
});
