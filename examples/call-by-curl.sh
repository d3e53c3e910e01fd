#!/usr/bin/env bash
# A call from the outside, with plain curl: makes a room, lets a simulated caller talk in it, watches its state, reads the
# transcript and ends the call. Against a running `npm start`; PARLEY_URL and PARLEY_API_KEY when it is elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."

url=${PARLEY_URL:-http://127.0.0.1:8080}
agent=${1:-receptionist}
node=node_modules/node/bin/node

ask() { # method, path, JSON body
  curl --silent --show-error --fail-with-body --max-time 20 --request "$1" "$url$2" \
    ${PARLEY_API_KEY:+--header "authorization: Bearer $PARLEY_API_KEY"} \
    ${3:+--header "content-type: application/json" --data "$3"}
}
field() { "$node" -pe "JSON.parse(require('fs').readFileSync(0, 'utf8')).$1"; }

echo "--- a room with the agent $agent"
room=$(ask POST /livekit/create-room "{\"participantName\": \"Ann\", \"agentId\": \"$agent\"}")
connection=$(field connectionId <<<"$room")
echo "$connection is $(field status <<<"$room")"

echo "--- somebody talks in it"
"$node" --disable-warning=ExperimentalWarning examples/caller.ts "$(field serverUrl <<<"$room")" "$(field accessToken <<<"$room")" \
  "What are your opening hours?"

echo "--- the connection"
status=$(ask GET "/livekit/connection-status/$connection")
call=$(field callId <<<"$status")
echo "$connection is $(field status <<<"$status"), its call is $call"

echo "--- it is ended, twice: the second time changes nothing"
ask POST /livekit/end-call "{\"connectionId\": \"$connection\"}" | field status
ask POST /livekit/end-call "{\"connectionId\": \"$connection\"}" | field status

echo "--- its transcript"
for _ in $(seq 50); do
  [ "$(ask GET "/api/calls/$call" | field call.status)" = ended ] && break
  sleep 0.2
done
ask GET "/api/conversations/$call/export?format=txt"
