# The session of the stand-in CLI. ./ibmcloud sources this file and documents its variables.
# shellcheck shell=sh disable=SC2034,SC2154 # ./ibmcloud shares these variables
#
# It reads and writes config.json as the CLI's SDK does (IBM-Cloud/ibm-cloud-cli-sdk,
# bluemix/configuration), and it has the SDK's weakness: it replaces a file that it cannot parse,
# such as an empty one, with a blank configuration, which logs the user out.

# locate: sets $directory and $config from the first variable that is set and not empty. Without
# IBMCLOUD_CONFIG_HOME, it uses .ibmcloud if that exists and falls back to .bluemix.
locate() {
    umask 077
    home=${IBMCLOUD_HOME:-${BLUEMIX_HOME:-${HOME-}}}
    if [ -n "${IBMCLOUD_CONFIG_HOME-}" ]; then
        directory=$IBMCLOUD_CONFIG_HOME
    elif [ -e "${home:+$home/}.ibmcloud" ]; then
        directory=${home:+$home/}.ibmcloud
    else
        directory=${home:+$home/}.bluemix
    fi
    config=$directory/config.json
    [ -d "$directory" ] || mkdir -p "$directory"
}

# lock, unlock: lock config.json itself, for a single read or write at a time.
lock() {
    { [ -z "${STAND_IN_NO_FLOCK-}" ] && command -v flock >/dev/null; } || return 0
    exec 9<>"$config"
    flock -w 30 9 || fail 'context deadline exceeded'
}
unlock() { exec 9>&-; }

# load: reads the whole file into $content.
load() {
    locate
    if [ -e "$config" ] && [ ! -r "$config" ]; then
        printf 'panic: configuration error: open %s: permission denied\n' "$config" >&2
        finish 2
    fi
    lock
    content=$([ ! -f "$config" ] || cat <"$config" 9>&-)
    unlock
    # A complete file ends with a closing brace on a line of its own, which is enough to tell it from
    # a partial one.
    case $content in
        '{'*"$newline}") ;;
        *"$newline"* | '{}') content= ;;
        '{'*'}') content=$(printf '%s\n' "$content" | sed -e "s/^{/{\\$newline  /" -e "s/,\"/,\\$newline  \"/g" -e "s/}\$/\\$newline}/" -e 's/":/": /g') ;;
        *) content= ;;
    esac
    if [ -z "$content" ]; then
        content=$(cat <"$fixtures/session-blank/config.json")
        save
    fi
    margin=${content%%\"*}
    margin=${margin#?"$newline"}
}

# save: truncates the file and then writes it, as os.WriteFile does.
save() {
    [ -z "${STAND_IN_NO_SAVE-}" ] || return 0
    lock
    exec 8>"$config"
    [ -z "${STAND_IN_WRITE_GAP-}" ] || sleep "$STAND_IN_WRITE_GAP" 8>&- 9>&- >/dev/null 2>&1
    printf '%s' "$content" >&8
    exec 8>&-
    unlock
}

# The functions below go through $content line by line, because dash takes ten times as long to match
# patterns against the whole text. Each key is on a line of its own, and the margin distinguishes a
# top-level key from the same key inside FallbackIAMTokens.
by_line() { set -f; IFS=$newline; }
by_word() { set +f; unset IFS; }

# get KEY: sets $value to the top-level string KEY.
get() {
    value=
    by_line
    for line in $content; do
        case $line in "$margin\"$1\": \""*) value=${line#*: \"}; value=${value%\"*}; break ;; esac
    done
    by_word
}

# set_to KEY VALUE: sets the top-level string KEY in $content, and adds it if it is missing.
set_to() {
    edited='' found=
    by_line
    for line in $content; do
        case $line in "$margin\"$1\": \""*) line="$margin\"$1\": \"$2\"${line##*\"}" found=yes ;; esac
        edited=$edited${edited:+$newline}$line
    done
    by_word
    [ -n "$found" ] || edited="{$newline$margin\"$1\": \"$2\",${content#?}"
    content=$edited
}

# get_account: sets $account to the account's GUID, which is the first key inside Account in
# both struct order and alphabetical order.
get_account() {
    account='' inside=
    by_line
    for line in $content; do
        if [ -n "$inside" ]; then account=${line#*: \"}; account=${account%\"*}; break; fi
        case $line in "$margin\"Account\": {") inside=yes ;; esac
    done
    by_word
}

# set_account GUID NAME OWNER: sets the three keys inside Account.
set_account() {
    edited='' inside=
    by_line
    for line in $content; do
        if [ -n "$inside" ] && [ $# -gt 0 ]; then
            line="${line%%: *}: \"$1\"${line##*\"}"
            shift
        fi
        case $line in "$margin\"Account\": {") inside=yes ;; esac
        edited=$edited${edited:+$newline}$line
    done
    by_word
    content=$edited
}

# expired TOKEN: whether the SDK considers TOKEN expired. A token is expired if it has less than 10
# seconds left, cannot be decoded, or has no id. A token without exp is not expired.
expired() {
    case $1 in *.*.*) ;; *) return 0 ;; esac
    claims=${1#*.}
    claims=${claims%%.*}
    case $((${#claims} % 4)) in 2) claims=$claims== ;; 3) claims=$claims= ;; esac
    claims=$(printf '%s' "$claims" | tr -- '-_' '+/' | base64 --decode 2>/dev/null) || return 0
    case $claims in '{'*'"id":'*'}') ;; *) return 0 ;; esac
    case $claims in *'"exp":'*) ;; *) return 1 ;; esac
    exp=${claims##*'"exp":'}
    exp=${exp%%[!0-9]*}
    [ "${exp:-0}" -lt $(($(date +%s) + 10)) ]
}

# mint GRANT: sets $token to a new token. Its claims are those of a login with a one-time code and a
# second factor, its header is {"kid":"202110180819","alg":"RS256"}, and its signature is copied from
# a recorded token.
mint() {
    iat=$(($(date +%s) + ${STAND_IN_IAT_OFFSET:-0}))
    exp=$((iat + ${STAND_IN_EXPIRES_IN:-3600}))
    who='"iam_id":"IBMid-6660015AAA","name":"Ada Doe","given_name":"Ada","family_name":"Doe","email":"ada@example.org"'
    sub='"sub":"ada@example.org"'
    grant=$1
    # shellcheck disable=SC2046 # four words of random hexadecimal
    set -- $(od -An -N16 -tx4 /dev/urandom)
    claims="{$who,\"id\":\"IBMid-6660015AAA\",\"realmid\":\"IBMid\",\"session_id\":\"C-00000000-0000-4000-8000-000000000000\""
    claims="$claims,\"jti\":\"$1-${2%????}-4${2#?????}-8${3%?????}-${3#????}$4\",\"identifier\":\"6660015AAA\",$sub,\"authn\":{$sub,$who}"
    claims="$claims,\"account\":{\"boundary\":\"global\",\"valid\":true,\"bss\":\"$account\"},\"iat\":$iat,\"exp\":$exp"
    claims="$claims,\"iss\":\"https://iam.cloud.ibm.com/identity\",\"grant_type\":\"$grant\",\"scope\":\"ibm openid\",\"client_id\":\"bx\""
    claims="$claims,\"acr\":3,\"amr\":[\"totp\",\"mfa\",\"otp\",\"pwd\"]}"
    claims=$(printf '%s' "$claims" | base64 | tr '+/' '-_' | tr -d '=\n')
    read -r signature <"$fixtures/tokens/passcode-mfa" || :
    token="Bearer eyJraWQiOiIyMDIxMTAxODA4MTkiLCJhbGciOiJSUzI1NiJ9.$claims.${signature##*.}"
}

# ---- commands ---------------------------------------------------------------------------------

refresh_token='T2theS10aGlzLWlzLW9wYXF1ZQ-REFRESH-TOKEN-MARKER-YW5kLXN5bnRoZXRpYw'
grants=urn:ibm:params:oauth:grant-type

not_logged_in() { fail "Not logged in. Use '$program login' to log in."; }

# session_token: sets $token to one that is valid for at least 10 more seconds, or exits.
session_token() {
    load
    get IAMRefreshToken
    refresh=$value
    get IAMToken
    token=$value
    [ -n "$token$refresh" ] || not_logged_in
    expired "$token" || return 0
    [ -n "$refresh" ] || not_logged_in
    if [ -n "${STAND_IN_IAM-}" ]; then renew_at_iam; return; fi
    case ${STAND_IN_REFRESH:-ok} in
        ok) ;;
        BXNIM0439E) play oauth-tokens-session-inactive ;;
        BXNIM0408E) play oauth-tokens-refresh-token-expired ;;
        network) play oauth-tokens-io-timeout ;;
        503) play oauth-tokens-503 ;;
        *) play "$STAND_IN_REFRESH" ;;
    esac
    get_account
    renew "$grants:passcode"
}

# Renews at an IAM that other programs use too. It accepts a refresh token once, and answers with the next. As in the SDK,
# a refresh is three writes of the session file (core_config/repository.go).
renew_at_iam() {
    [ -z "${STAND_IN_IAM_DELAY-}" ] || sleep "$STAND_IN_IAM_DELAY"
    exec 7<>"$STAND_IN_IAM/refresh-token"
    flock 7
    read -r accepted <&7 || :
    if [ "$refresh" != "$accepted" ]; then
        printf '%s\n' "$refresh" >>"$STAND_IN_IAM/refused"
        exec 7>&-
        not_logged_in
    fi
    get_account
    mint "$grants:passcode"
    refresh=${accepted%.*}.$((${accepted##*.} + 1))
    printf '%s\n' "$refresh" >"$STAND_IN_IAM/refresh-token"
    printf '%s\n' "${token#Bearer }" >>"$STAND_IN_IAM/issued"
    exec 6<>"$STAND_IN_IAM/writer"
    flock 6
    set_to IAMToken "$token"
    save
    set_to IAMRefreshToken "$refresh"
    save
    save
    exec 6>&- 7>&-
}

# renew GRANT: sets $token to a new token and saves it in the session.
renew() {
    mint "$1"
    set_to IAMToken "$token"
    set_to IAMRefreshToken "$refresh"
    save
}

# start_session: saves a session after a login with $grant (see `logs-in` in fixtures/README.md). It
# targets $account if the user named one.
start_session() {
    load
    set_to APIEndpoint https://cloud.ibm.com
    set_to IAMEndpoint https://iam.cloud.ibm.com
    set_to LoginAt "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    account=${account:-85da0dbb4df1f7cc296659f418714a9e}
    set_account "$account" "Example's Account" ada@example.org
    refresh=$refresh_token
    case $grant in
        password) renew password ;;
        cr-token) refresh=; renew "$grants:cr-token" ;;
        *) renew "$grants:$grant" ;;
    esac
}

switch_account() {
    session_token
    account=$1
    set_account "$account" "Example's Account" ada@example.org
    get IAMRefreshToken
    refresh=$value
    renew "$grants:passcode"
}

end_session() {
    load
    set_to IAMToken ''
    set_to IAMRefreshToken ''
    set_account '' '' ''
    save
}
