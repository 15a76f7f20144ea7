#!/bin/sh
api=https://api.github.com/repos/app-sre/go-qontract-reconcile
sha=${1:-$(curl -s $api/commits | jq -r '.[0].sha')}
tag=$(echo "$sha" | cut -c1-7)
sed "s/^export GO_RECONCILE_IMAGE_TAG=.*/export GO_RECONCILE_IMAGE_TAG=$tag/" .env > .env.new && mv .env.new .env
