#!/bin/sh
# qr-promote.sh [SHA]
set -e
api=https://api.github.com/repos/app-sre/qontract-reconcile
sha=${1:-$(curl -s $api/commits/master | jq -r .sha)}
tag=$(echo "$sha" | cut -c1-7)
old=$(awk -F= '/^export RECONCILE_IMAGE_TAG=/ { print $2 }' .env)
sed "s/$old/$tag/" .env > .env.new
mv .env.new .env
jenkins=resources/jenkins/global/defaults.yaml
sed "s/qontract_reconcile_image_tag: '.*'/qontract_reconcile_image_tag: '$tag'/" $jenkins > $jenkins.new
mv $jenkins.new $jenkins
if [ -n "$DO_COMMIT" ]; then git commit --quiet --all --message "promote $tag"; fi
