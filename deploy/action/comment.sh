#!/usr/bin/env bash
# Leaves the report as a comment of pull request NUMBER, in the place of the one that an earlier run left. Where nothing differs
# and there is none, none is made. Needs GitHub's command line gh, which its runners have, and GH_TOKEN.
set -euo pipefail

marker='<!-- irene -->'
longest=65000 # characters that GitHub takes in a comment, less some

body=${RUNNER_TEMP:?}/irene/comment.md
{
	echo "$marker"
	if [ "$(wc -c <"$REPORT")" -le $longest ]; then
		cat "$REPORT"
	else
		sed '/^<details/,$d' "$REPORT" | head -c $longest
		echo
		echo "The tables are in the [summary of the run](${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID)."
	fi
} >"$body"

id=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments" --jq ".[] | select(.body | startswith(\"$marker\")) | .id" | head -1)
if [ -n "$id" ]; then
	gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field "body=@$body"
elif [ "$RESULT" != none ]; then
	gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments" --field "body=@$body"
fi
