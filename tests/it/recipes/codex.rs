//! Codex from npm, with a stand-in for the model server and for an MCP server.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{command, logged_out, recipe, with};
use crate::iam_service::{Received, Service, answer};
use crate::sandbox::{Outcome, Sandbox, renewable, root, session_with, token_in};
use crate::sdks::{installed, works};

/// Codex with one prompt, if it is installed.
fn codex(sandbox: &Sandbox) -> Option<Command> {
    let path = installed("IBMCLOUD_TOKEN_TEST_NODE_MODULES", "node/node_modules").join(".bin/codex");
    let codex = path.to_str().unwrap();
    if !works("Codex", command(sandbox, codex).arg("--version")) {
        return None;
    }
    let mut codex = command(sandbox, codex);
    codex.args(["exec", "--skip-git-repo-check", "--sandbox", "read-only", "hello"]);
    // The servers of the tests are plain HTTP. Nothing else can be reached.
    codex.env("HTTPS_PROXY", "http://127.0.0.1:1");
    Some(codex)
}

/// Configures Codex with the recipe for a model provider and with further lines.
fn configure(sandbox: &Sandbox, service: &Service, further: &str) {
    let recipe = &recipe("Codex: model provider")[0];
    let config = with(recipe, "https://gateway.example.com", &service.url());
    // Without retries of its own, Codex sends few requests.
    let retries = "[model_providers.gateway]\nrequest_max_retries = 0\nstream_max_retries = 0\n";
    let config = with(&config, "[model_providers.gateway]\n", retries);
    sandbox.write(".codex/config.toml", format!("model = \"stand-in\"\n{config}\n{further}"));
}

fn run(codex: &mut Command) -> Outcome {
    codex.output().unwrap().into()
}

/// A response of the model: a message.
fn message(text: &str) -> Vec<u8> {
    let item = json!({
        "type": "message", "role": "assistant", "id": "m",
        "content": [{ "type": "output_text", "text": text }],
    });
    let usage = json!({ "input_tokens": 1, "output_tokens": 1, "total_tokens": 2 });
    let events = [
        json!({ "type": "response.created", "response": { "id": "r" } }),
        json!({ "type": "response.output_item.done", "item": item }),
        json!({ "type": "response.completed", "response": { "id": "r", "usage": usage } }),
    ];
    let event = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
    let stream = events.iter().map(event).collect::<Vec<_>>().concat();
    answer_as("text/event-stream", &stream)
}

/// A successful response with a media type other than that of [`answer`].
fn answer_as(media_type: &str, body: &str) -> Vec<u8> {
    let response = String::from_utf8(answer("200 OK", &[], body)).unwrap();
    with(&response, "Content-Type: application/json", &format!("Content-Type: {media_type}")).into_bytes()
}

/// The model server: a list of models, and an answer to each request with the right token.
fn answer_model_request(request: &Received, right: impl Fn(&str) -> bool) -> Vec<u8> {
    if !request.header("Authorization").first().is_some_and(|value| right(value)) {
        return answer("401 Unauthorized", &[], "{}");
    }
    if request.line.starts_with("POST /v1/responses ") {
        message("hello from the stand-in")
    } else {
        answer("200 OK", &[], r#"{"models":[]}"#)
    }
}

/// The `Authorization` values of the requests to the model.
fn sent_to_model(service: &Service) -> Vec<String> {
    let requests = service.requests();
    let to_model = requests.iter().filter(|request| request.line.starts_with("POST /v1/responses "));
    to_model.map(|request| request.header("Authorization").join(", ")).collect()
}

#[test]
fn readme_has_the_same_command() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, block) = readme.split_once("```toml\n").expect("it has a block for Codex");
    let block = block.split("```").next().unwrap();
    assert!(block.contains("command = ") && block.contains("args = "), "{block}");
    assert!(recipe("Codex: model provider")[0].contains(block), "{block}");
}

#[test]
fn codex_sends_the_token_to_the_model_provider() {
    let (sandbox, token) = Sandbox::logged_in();
    let Some(mut codex) = codex(&sandbox) else { return };
    let bearer = format!("Bearer {token}");
    let right = bearer.clone();
    let service =
        Service::plain_answering_with(move |request| answer_model_request(request, |sent| sent == right));
    configure(&sandbox, &service, "");
    assert_eq!(run(&mut codex).payload(), "hello from the stand-in");
    assert_eq!(sent_to_model(&service), [bearer]);
}

#[test]
fn codex_runs_the_command_again_when_the_token_has_expired() {
    let old = renewable(-10, 3600);
    let sandbox = Sandbox::with_token(&old);
    let Some(mut codex) = codex(&sandbox) else { return };
    let old = format!("Bearer {old}");
    let (first, session_file) = (old.clone(), sandbox.session_file());
    let service = Service::plain_answering_with(move |request| {
        // The token expires while Codex has it in memory: the first prompt finds it so.
        if request.line.starts_with("POST /v1/responses ") && request.header("Authorization") == [&first] {
            fs::write(&session_file, session_with(&renewable(-3600, -5))).unwrap();
            return answer("401 Unauthorized", &[], "{}");
        }
        answer_model_request(request, |_| true)
    });
    configure(&sandbox, &service, "");
    assert_eq!(run(&mut codex).payload(), "hello from the stand-in");
    let new = format!("Bearer {}", token_in(&sandbox.session_file()));
    assert_ne!(new, old);
    assert_eq!(sent_to_model(&service), [old, new]);
    assert_eq!(sandbox.calls(), 1, "{}", sandbox.call_log());
}

#[test]
fn codex_shows_the_hint_if_a_login_is_needed() {
    let sandbox = logged_out();
    let Some(mut codex) = codex(&sandbox) else { return };
    let service = Service::plain_answering_with(|request| answer_model_request(request, |_| true));
    configure(&sandbox, &service, "");
    // Codex sends the request without a token, and the server refuses it.
    let outcome = run(&mut codex);
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("ibmcloud-token login"), "{outcome:?}");
    let sent = sent_to_model(&service);
    assert!(!sent.is_empty() && sent.iter().all(String::is_empty), "{sent:?}");
}

/// The MCP server: the handshake, and no tools.
fn answer_mcp_request(request: &Received) -> Vec<u8> {
    let Ok(call) = serde_json::from_str::<Value>(&request.body) else {
        return answer("405 Method Not Allowed", &[], "");
    };
    let result = match call["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": call["params"]["protocolVersion"],
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "stand-in", "version": "1" },
        }),
        Some("tools/list") => json!({ "tools": [] }),
        _ => return answer("202 Accepted", &[], ""),
    };
    answer("200 OK", &[], json!({ "jsonrpc": "2.0", "id": call["id"], "result": result }).to_string())
}

#[test]
fn codex_sends_the_token_to_an_mcp_server() {
    let (sandbox, token) = Sandbox::logged_in();
    let Some(mut codex) = codex(&sandbox) else { return };
    let service = Service::plain_answering_with(|request| {
        if request.line.contains(" /mcp ") {
            answer_mcp_request(request)
        } else {
            answer_model_request(request, |_| true)
        }
    });
    let mcp = with(&recipe("Codex: MCP server")[0], "https://mcp.example.com", &service.url());
    // Codex stops if a required server does not answer.
    configure(&sandbox, &service, &format!("{mcp}required = true\n"));
    assert_eq!(run(&mut codex).payload(), "hello from the stand-in");
    let requests = service.requests();
    let initialize = requests.iter().find(|request| request.body.contains("\"initialize\"")).unwrap();
    assert_eq!(initialize.header("Authorization"), [format!("Bearer {token}")]);
}
