# Offers codes, and names of the mesh that was typed or lies in the current folder, where something takes them.
_lakewright_named() {
    local words="" mesh="." word
    case "$3" in
        --stack | --print) words="stacks" ;;
        --dataset) words="datasets" ;;
        --environment) words="environments" ;;
        --principal) words="principals" ;;
        --resource) words="resources" ;;
        explain) [[ "${COMP_CWORD}" -eq 2 ]] && words="codes" ;;
    esac
    [[ -n "${words}" ]] || return 1
    [[ -e "${COMP_WORDS[2]:-}" ]] && mesh="${COMP_WORDS[2]}"
    COMPREPLY=()
    while IFS= read -r word; do
        # Names may have spaces, and no name is to be run.
        printf -v word "%q" "${word}"
        COMPREPLY+=("${word}")
    done < <("$1" __complete -- "${words}" "${mesh}" "$2" 2>/dev/null)
    [[ "${#COMPREPLY[@]}" -gt 0 ]]
}
