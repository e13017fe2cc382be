#!/usr/bin/env bash
# Packs what `npm run build` made and looks at it as a user does who has installed it.
set -euo pipefail
cd "$(dirname "$0")/../.."
checkout=$PWD

[[ -f dist/index.d.ts ]] || {
  echo 'no build with types here: run npm run build first' >&2
  exit 1
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

npm pack --silent --pack-destination "$scratch" >/dev/null
tarball=$(echo "$scratch"/*.tgz)
npx publint run "$tarball" --strict
# Subpaths cannot be found by the resolution of Node 10, which no supported version has.
npx attw "$tarball" --profile node16

# A folder of its own, so that nothing of the checkout is found by accident. First without the optional peers.
mkdir "$scratch/user"
cp test/packaging/{lone.mjs,peers.mjs,both-formats.mjs,watch-imports.mjs,consumer.mjs} "$scratch/user/"
cd "$scratch/user"
echo '{ "name": "user", "private": true }' >package.json
quiet=(--no-audit --no-fund --prefer-offline --loglevel=error --legacy-peer-deps)
npm install "${quiet[@]}" "$tarball"
node lone.mjs

peers=()
for name in $(node -p 'Object.keys(require("sluiceway/package.json").peerDependencies ?? {}).join(" ")'); do
  peers+=("$name@$(node -p "require('$checkout/node_modules/$name/package.json').version")")
done
npm install "${quiet[@]}" "${peers[@]}" "@types/node@$(node -p "require('$checkout/node_modules/@types/node/package.json').version")"
node peers.mjs
node both-formats.mjs
node consumer.mjs "$checkout/node_modules/typescript/bin/tsc"
