#!/bin/sh
sha=${1:-$(curl -s https://api.github.com/repos/app-sre/qontract-schemas/commits/master | jq -r .sha)}
tag=$(echo "$sha" | cut -c1-7)
sed "s/^export SCHEMAS_IMAGE_TAG=.*/export SCHEMAS_IMAGE_TAG=$tag/" .env > .env.new && mv .env.new .env
