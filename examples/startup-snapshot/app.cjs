// An application that starts from a snapshot of its heap. Node cannot put its HTTP modules into one, so the core of
// sluiceway goes into the snapshot, and the adapters, with their SDKs, are loaded when it starts.
//
//   npx esbuild app.cjs --bundle --platform=node --outfile=app.bundle.cjs
//   node --snapshot-blob app.blob --build-snapshot app.bundle.cjs
//   node --snapshot-blob app.blob main /path/of/the/app/package.json http://gateway bucket
const { startupSnapshot } = require('node:v8')
const { lifecycle, transfer } = require('sluiceway')

// What the process that made the snapshot had is not ours. It would be noticed at the first use, too.
startupSnapshot.addDeserializeCallback(() => lifecycle.onFork())

startupSnapshot.setDeserializeMainFunction(async () => {
  const [, , root, endpoint, bucket] = process.argv
  const load = require('node:module').createRequire(root)
  const { ceph } = load('sluiceway/ceph')
  const { disk } = load('sluiceway/disk')
  const { ACCESS_KEY: accessKeyId, SECRET_KEY: secretAccessKey, TARGET } = process.env

  const staging = ceph({ bucket, endpoint, credentials: { accessKeyId, secretAccessKey } })
  const archive = disk({ root: TARGET })
  const { bytes } = await lifecycle.withTask(() =>
    transfer(staging.source('in/film.mov'), archive.sink('film.mov')),
  )
  console.log(`moved ${bytes} bytes`)
  await Promise.all([staging.close(), archive.close()])
})
