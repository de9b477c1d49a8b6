// Prints the token of a trusted profile that IBM's SDK for Node.js gets.
//
// Usage: profile.js URL assume|container id|crn|name PROFILE, with the API key on stdin and the file of the compute
// resource's token in CR_TOKEN_FILE.

const { readFileSync } = require('node:fs');
const { ContainerAuthenticator, IamAssumeAuthenticator } = require('ibm-cloud-sdk-core');

const [url, kind, field, profile] = process.argv.slice(2);
const apikey = readFileSync(0, 'utf8').trim();
const options = { url, [`iamProfile${field[0].toUpperCase()}${field.slice(1)}`]: profile };
let authenticator;
if (kind === 'container') {
  authenticator = new ContainerAuthenticator({ crTokenFilename: process.env.CR_TOKEN_FILE, ...options });
} else {
  if (field === 'name') options.iamAccountId = 'b2';
  authenticator = new IamAssumeAuthenticator({ apikey, ...options });
}
authenticator.tokenManager.getToken().then(console.log);
