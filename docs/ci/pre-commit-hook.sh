#!/bin/sh
# Shows what a commit does before it is made: compares the staged mesh with the last commit.
#
# Copy this file to .git/hooks/pre-commit and make it executable. docs/review.md explains it.
set -eu
mesh=mesh/

# The hook runs at the top of the work tree. There is nothing to compare with before the first commit.
if ! git rev-parse --verify --quiet HEAD > /dev/null || git diff --cached --quiet -- "$mesh"; then
    exit 0
fi
# A commit that adds the mesh has no mesh before it.
if ! git cat-file -e "HEAD:${mesh%/}" 2> /dev/null; then
    exit 0
fi
staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
mkdir -p "$staged/$mesh"
git ls-files -z -- "$mesh" | git checkout-index -z --stdin --prefix="$staged/"
lakewright diff "git:HEAD:$mesh" "$staged/$mesh" --fail-on data-loss
