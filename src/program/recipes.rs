//! Recipes for `exec --for`: the variables that a tool reads, and those that are removed because the tool would prefer
//! them to the token.
//!
//! A recipe is a row of one table. A row lists a variable only if one of its sources reads that variable.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::secret::{SecretBuffer, USUAL_SIZE, read_limited};
use crate::system::environment::Environment;
use crate::token::AccessToken;

/// The variable that names a file which IBM's SDKs prefer to the environment (go-sdk-core `core/config_utils.go`).
const CREDENTIALS_FILE_VARIABLE: &str = "IBM_CREDENTIALS_FILE";

/// The file that IBM's SDKs prefer to the environment, in the current directory and in the home directory (same
/// source).
const CREDENTIALS_FILE: &str = "ibm-credentials.env";

/// The size limit of such a file.
const MAX_CREDENTIALS_FILE: usize = 1024 * 1024;

/// The value of a variable.
enum Value {
    Token,
    Bearer,
    Text(&'static str),
}

struct Row {
    /// The value of `--for`. A name that ends in a colon is followed by the name of a service.
    name: &'static str,
    about: &'static str,
    /// The source files that read these variables.
    sources: &'static [&'static str],
    /// For a service, these are the parts of the names after its prefix.
    sets: &'static [(&'static str, Value)],
    removes: &'static [&'static str],
    /// The prefix of the lines in [`CREDENTIALS_FILE`] that would win. For a service it is the service's own.
    credentials_prefix: Option<&'static str>,
}

impl Row {
    /// Returns whether the name is followed by that of a service.
    fn is_for_service(&self) -> bool {
        self.name.ends_with(':')
    }
}

static ROWS: [Row; 3] = [
    Row {
        name: "terraform",
        about: "the IBM Cloud provider of Terraform and OpenTofu",
        // A key or a refresh token wins over the token (newSession). Clients that send the value unchanged as the header
        // need `Bearer `; all others strip it.
        sources: &[
            "github.com/IBM-Cloud/terraform-provider-ibm ibm/provider/provider.go",
            "github.com/IBM-Cloud/terraform-provider-ibm ibm/conns/config.go",
        ],
        sets: &[("IC_IAM_TOKEN", Value::Bearer)],
        removes: &[
            "IBMCLOUD_IAM_TOKEN",
            "IC_API_KEY",
            "IBMCLOUD_API_KEY",
            "IC_IAM_REFRESH_TOKEN",
            "IBMCLOUD_IAM_REFRESH_TOKEN",
            "IC_IAM_PROFILE_ID",
            "IBMCLOUD_IAM_PROFILE_ID",
            "IC_IAM_PROFILE_NAME",
            "IBMCLOUD_IAM_PROFILE_NAME",
        ],
        credentials_prefix: None,
    },
    Row {
        name: "sdk:",
        about: "IBM's SDKs for Go, Java, Node.js and Python, such as sdk:secrets-manager",
        // The first source has the names (PROPNAME_…), the second the prefix, and the third AUTHTYPE, VPC_IMS_VERSION
        // and CP4D_ACCOUNT_ID.
        sources: &[
            "github.com/IBM/go-sdk-core core/constants.go",
            "github.com/IBM/go-sdk-core core/config_utils.go",
            "github.com/IBM/python-sdk-core ibm_cloud_sdk_core/get_authenticator.py",
        ],
        sets: &[("AUTH_TYPE", Value::Text("bearerToken")), ("BEARER_TOKEN", Value::Token)],
        removes: &[
            "APIKEY",
            "AUTHTYPE",
            "AUTH_DISABLE_SSL",
            "AUTH_URL",
            "CLIENT_ID",
            "CLIENT_SECRET",
            "CP4D_ACCOUNT_ID",
            "CR_TOKEN_FILENAME",
            "IAM_ACCOUNT_ID",
            "IAM_PROFILE_CRN",
            "IAM_PROFILE_ID",
            "IAM_PROFILE_NAME",
            "PASSWORD",
            "REFRESH_TOKEN",
            "SCOPE",
            "USERNAME",
            "VPC_IMS_SERVICE_VERSION",
            "VPC_IMS_VERSION",
        ],
        credentials_prefix: None,
    },
    Row {
        name: "watsonx",
        about: "watsonx.ai: IBM's SDKs, LangChain, LiteLLM, CrewAI",
        // The first source reads WATSONX_AI_…, the second WATSONX_TOKEN, _PASSWORD and _USERNAME, the third _ZENAPIKEY
        // and WX_API_KEY.
        sources: &[
            "github.com/IBM/watsonx-ai-node-sdk README.md",
            "github.com/langchain-ai/langchain-ibm libs/ibm/langchain_ibm",
            "github.com/BerriAI/litellm litellm/llms/watsonx/common_utils.py",
        ],
        sets: &[
            ("WATSONX_TOKEN", Value::Token),
            ("WATSONX_AI_AUTH_TYPE", Value::Text("bearertoken")),
            ("WATSONX_AI_BEARER_TOKEN", Value::Token),
        ],
        removes: &[
            "WATSONX_AI_APIKEY",
            "WATSONX_AI_AUTHTYPE",
            "WATSONX_AI_AUTH_URL",
            "WATSONX_AI_PASSWORD",
            "WATSONX_AI_USERNAME",
            "WATSONX_APIKEY",
            "WATSONX_API_KEY",
            "WATSONX_PASSWORD",
            "WATSONX_USERNAME",
            "WATSONX_ZENAPIKEY",
            "WX_API_KEY",
        ],
        credentials_prefix: Some("WATSONX_AI_"),
    },
];

/// A recipe, for a service if it needs one.
#[derive(Clone)]
pub(crate) struct Recipe {
    row: &'static Row,
    /// The prefix of the variable names.
    prefix: String,
}

impl std::fmt::Debug for Recipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.row.name, self.prefix)
    }
}

/// Parses `terraform`, `watsonx`, or `sdk:` and the name of a service.
impl FromStr for Recipe {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        for row in &ROWS {
            match text.strip_prefix(row.name) {
                Some(service) if row.is_for_service() => return Ok(Self { row, prefix: prefix(service)? }),
                Some("") => return Ok(Self { row, prefix: String::new() }),
                _ => {}
            }
        }
        Err(format!("unknown recipe; the known recipes are {}", ROWS.each_ref().map(shown_name).join(", ")))
    }
}

fn shown_name(row: &Row) -> String {
    format!("`{}{}`", row.name, if row.is_for_service() { "SERVICE" } else { "" })
}

/// Returns the prefix of a service's variables: its name in upper case, with `_` for `-`.
fn prefix(service: &str) -> Result<String, String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if !service.starts_with(|c: char| c.is_ascii_alphabetic()) || !service.chars().all(is_word) {
        return Err(
            "the name of a service is letters, digits, `-` and `_`, such as `sdk:secrets-manager`".to_owned()
        );
    }
    Ok(service.to_ascii_uppercase().replace('-', "_") + "_")
}

impl Recipe {
    /// Removes the variables that a tool would prefer to the token, and sets those that it reads.
    pub(crate) fn apply(&self, token: &AccessToken, environment: &mut Environment) {
        environment.remove(&[CREDENTIALS_FILE_VARIABLE]);
        for name in self.row.removes {
            environment.remove(&[&self.name(name)]);
        }
        for (name, value) in self.row.sets {
            let value = match value {
                Value::Token => token.expose().to_owned(),
                Value::Bearer => format!("Bearer {}", token.expose()),
                Value::Text(text) => (*text).to_owned(),
            };
            environment.set(&self.name(name), value);
        }
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Returns the credentials file that the tool would prefer to what [`Self::apply`] sets.
    pub(crate) fn overriding_file(&self, environment: &Environment) -> Option<PathBuf> {
        let prefix =
            self.row.credentials_prefix.or(Some(&self.prefix)).filter(|prefix| !prefix.is_empty())?;
        let home = environment.home().map(|home| home.join(CREDENTIALS_FILE));
        let candidates = [Some(Path::new(".").join(CREDENTIALS_FILE)), home];
        candidates.into_iter().flatten().find(|path| has_lines_for(prefix, path))
    }
}

/// Returns whether a file has lines for a prefix. A file that cannot be read is not read by an SDK either.
fn has_lines_for(prefix: &str, path: &Path) -> bool {
    if !path.is_file() {
        return false;
    }
    let read = |file| read_limited(file, USUAL_SIZE, MAX_CREDENTIALS_FILE).ok().flatten();
    let content: Option<SecretBuffer> = File::open(path).ok().and_then(read);
    content.is_some_and(|content| {
        content.split(|&byte| byte == b'\n').any(|line| line.trim_ascii().starts_with(prefix.as_bytes()))
    })
}

/// Returns the name and the description of each recipe. A name that ends in a colon is followed by that of a service.
pub(crate) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROWS.iter().map(|row| (row.name, row.about))
}

/// Returns the text of `--list-recipes`.
pub(crate) fn list() -> String {
    let mut text = String::new();
    for row in &ROWS {
        let prefix = if row.is_for_service() { "SERVICE_" } else { "" };
        let _ = writeln!(text, "{}: {}", shown_name(row).trim_matches('`'), row.about);
        for (name, value) in row.sets {
            let value = match value {
                Value::Token => "the token",
                Value::Bearer => "`Bearer ` and the token",
                Value::Text(text) => text,
            };
            let _ = writeln!(text, "  set     {prefix}{name}  ({value})");
        }
        for name in row.removes.iter().map(|name| format!("{prefix}{name}")) {
            let _ = writeln!(text, "  remove  {name}");
        }
        let _ = writeln!(text, "  remove  {CREDENTIALS_FILE_VARIABLE}");
        for source in row.sources {
            let _ = writeln!(text, "  source  {source}");
        }
    }
    text + "SERVICE_ is the SDK's name of the service in upper case, with `_` for `-`.\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(recipe: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let mut environment = variables.iter().copied().collect();
        recipe.parse::<Recipe>().unwrap().apply(&AccessToken::new("t").unwrap(), &mut environment);
        environment.iter().map(|(name, value)| format!("{}={}", name.display(), value.display())).collect()
    }

    #[test]
    fn recipe_sets_what_the_tool_reads() {
        assert_eq!(applied("terraform", &[]), ["IC_IAM_TOKEN=Bearer t"]);
        assert_eq!(
            applied("sdk:secrets-manager", &[]),
            ["SECRETS_MANAGER_AUTH_TYPE=bearerToken", "SECRETS_MANAGER_BEARER_TOKEN=t"]
        );
        assert_eq!(
            applied("watsonx", &[]),
            ["WATSONX_AI_AUTH_TYPE=bearertoken", "WATSONX_AI_BEARER_TOKEN=t", "WATSONX_TOKEN=t"]
        );
    }

    #[test]
    fn other_credentials_of_the_same_service_are_removed() {
        for (recipe, name) in [
            ("terraform", "IC_API_KEY"),
            ("terraform", "IBMCLOUD_API_KEY"),
            ("terraform", "IBMCLOUD_IAM_TOKEN"),
            ("terraform", "IC_IAM_REFRESH_TOKEN"),
            ("terraform", "IC_IAM_PROFILE_ID"),
            ("sdk:secrets-manager", "SECRETS_MANAGER_APIKEY"),
            ("sdk:secrets-manager", "SECRETS_MANAGER_AUTHTYPE"),
            ("watsonx", "WATSONX_APIKEY"),
            ("watsonx", "WATSONX_ZENAPIKEY"),
            ("terraform", "IBM_CREDENTIALS_FILE"),
            ("sdk:x", "IBM_CREDENTIALS_FILE"),
            ("watsonx", "IBM_CREDENTIALS_FILE"),
        ] {
            assert_eq!(applied(recipe, &[(name, "x")]), applied(recipe, &[]), "{recipe} {name}");
        }
    }

    #[test]
    fn everything_else_stays() {
        for (recipe, name) in [
            ("terraform", "IAAS_CLASSIC_API_KEY"),
            ("terraform", "IC_REGION"),
            ("sdk:secrets-manager", "SECRETS_MANAGER_URL"),
            ("sdk:secrets-manager", "IBMCLOUD_API_KEY"),
            ("sdk:secrets", "SECRETS_MANAGER_APIKEY"),
            ("watsonx", "WATSONX_URL"),
        ] {
            assert!(applied(recipe, &[(name, "x")]).contains(&format!("{name}=x")), "{recipe} {name}");
        }
    }

    #[test]
    fn recipe_has_a_known_name() {
        for text in ["terraform", "watsonx", "sdk:iam_identity", "sdk:IAM-identity", "sdk:x2"] {
            assert!(text.parse::<Recipe>().is_ok(), "{text}");
        }
        for text in
            ["", "Terraform", "terraform:x", "sdk", "sdk:", "sdk:a b", "sdk:a=b", "sdk:1", "sdk:é", "aws"]
        {
            assert!(text.parse::<Recipe>().is_err(), "{text}");
        }
    }

    #[test]
    fn credentials_file_overrides_only_with_lines_for_the_service() {
        let home = tempfile::tempdir().unwrap();
        let environment: Environment = [(crate::system::platform::HOME, home.path())].into_iter().collect();
        let file = home.path().join(CREDENTIALS_FILE);
        let overriding = |recipe: &str| recipe.parse::<Recipe>().unwrap().overriding_file(&environment);
        assert_eq!(overriding("sdk:x"), None);
        std::fs::write(&file, "# X_APIKEY=1\nXY_APIKEY=1\r\n  WATSONX_AI_APIKEY=2").unwrap();
        assert_eq!(overriding("sdk:x"), None);
        assert_eq!(overriding("terraform"), None);
        assert_eq!(overriding("sdk:xy"), Some(file.clone()));
        assert_eq!(overriding("watsonx"), Some(file));
    }

    #[test]
    fn list_names_every_variable_and_its_source() {
        let list = list();
        for row in &ROWS {
            assert!(
                row.removes
                    .iter()
                    .chain(row.sets.iter().map(|(name, _)| name))
                    .all(|name| list.contains(name))
            );
            assert!(row.sources.iter().all(|source| list.contains(source)));
        }
    }
}
