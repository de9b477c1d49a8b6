# Completion of ibmcloud-token for bash, also for version 3.2, which macOS has. It runs the program in PATH, and never one
# at a path that is being typed.
# shellcheck shell=bash

_ibmcloud_token() {
    local rest=${COMP_LINE:0:COMP_POINT} words=() starts=() word index
    # bash splits a word at `=`, `:` and `@`. Put the parts together again, and note where each word started.
    for ((index = 0; index <= COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if ((index == 0)) || [[ $rest == [[:space:]]* || -z $rest ]]; then
            rest=${rest#"${rest%%[![:space:]]*}"}
            starts+=("$index")
            words+=("")
        fi
        # The cursor may be within the last word.
        ((index < COMP_CWORD)) || word=$rest
        words[${#words[@]} - 1]+=$word
        rest=${rest#"$word"}
    done

    local current=${words[${#words[@]} - 1]} candidates=() kind first second
    {
        IFS= read -r kind
        IFS= read -r first
        IFS= read -r second
        while IFS= read -r word; do candidates+=("${word%%$'\t'*}"); done
    } < <(printf '%s\0' "${words[@]}" | command ibmcloud-token completions --words 2>/dev/null)

    COMPREPLY=()
    if [[ $kind == program ]]; then
        if declare -F _comp_command_offset >/dev/null; then
            _comp_command_offset "${starts[first]}"
        elif declare -F _command_offset >/dev/null; then
            _command_offset "${starts[first]}"
        elif ((first == ${#words[@]} - 1)); then
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -c -- "$current")
        else
            compopt -o filenames 2>/dev/null
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
        fi
        return
    fi
    for word in ${candidates[@]+"${candidates[@]}"}; do
        [[ $word != "$current"* ]] || COMPREPLY+=("$word")
    done
    if [[ $kind == files ]]; then
        [[ -n $first ]] || compopt -o filenames 2>/dev/null
        while IFS= read -r word; do
            # bash would quote the prefix too.
            [[ -z $first ]] || printf -v word %q "$word"
            COMPREPLY+=("$first$word")
        done < <(compgen -f -- "$second")
    elif ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *: ]]; then
        compopt -o nospace 2>/dev/null
    fi
    # bash replaces only what comes after the last `=` or `:` of the word. An `@` is replaced too.
    word=
    for index in = :; do
        [[ $COMP_WORDBREAKS != *"$index"* || $current != *"$index"* ]] || {
            first=${current%"${current##*"$index"}"}
            ((${#first} <= ${#word})) || word=$first
        }
    done
    for index in "${!COMPREPLY[@]}"; do
        COMPREPLY[index]=${COMPREPLY[index]#"$word"}
    done
}

complete -F _ibmcloud_token ibmcloud-token
