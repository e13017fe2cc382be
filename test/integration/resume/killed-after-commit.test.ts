import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settled } from '../../support/handles'
import { buildPackage } from '../built-package'
import { describeWithCeph } from '../real-ceph'
import { cephStore, MiB } from '../stores'
import { attempt, type End } from './attempt'
import { cephEnd, openScene, type Scene, sha256At, sha256OfStaged, stage } from './scene'

const size = 32 * MiB

describeWithCeph(
  'a worker that is killed after its commit and before its checkpoint is deleted',
  (gateway) => {
    let scene: Scene
    beforeAll(async () => {
      await buildPackage()
      scene = await openScene()
      await stage.cos(scene, 'in', size)
      await stage.disk(scene, 'in', size)
    })
    afterAll(async () => {
      await scene?.[Symbol.asyncDispose]()
    })

    const stands = {
      ceph: async (key: string) => {
        const store = cephStore(gateway)
        const found = await store.sink(key).stat?.()
        await store.close()
        return found !== undefined
      },
      cos: async (key: string) => (await scene.cos.ask.keys()).includes(key),
      disk: async (key: string) => (await scene.files(scene.root)).includes(key),
    }
    const routes: [string, () => [End, End]][] = [
      ['Ceph', () => [scene.cos.end('in'), cephEnd(gateway, 'out')]],
      ['COS', () => [scene.diskEnd('in'), scene.cos.end('out')]],
      ['disk', () => [scene.cos.end('in'), scene.diskEnd('folder/out')]],
    ]

    describe.each(routes)('on its way to %s', (kind, ends) => {
      it('has nothing left to move for the next one, which says that all is done', async () => {
        const [from, to] = ends()
        const options = { partSize: 5 * MiB }
        const job = { from, to, id: `to ${kind}`, checkpoints: { dir: scene.checkpoints }, options }
        const first = attempt({ ...job, holdDelete: true })
        await settled(() => stands[to.kind](to.key), 30_000)
        first.kill('SIGKILL')
        expect(await first.ended).toMatchObject({ signal: 'SIGKILL' })
        expect(await scene.files(scene.checkpoints)).toHaveLength(1)

        const moved = await scene.cos.ask.moved()
        const next = await attempt(job).ended
        expect(next, next.stderr).toMatchObject({ code: 0, result: { bytes: size, resumedBytes: size } })
        expect(await scene.cos.ask.moved()).toBe(moved)
        expect(await sha256At(to)).toBe(await sha256OfStaged(size))
        expect(await scene.files(scene.checkpoints)).toEqual([])
        expect(await scene.cos.ask.uploads()).toEqual([])
        expect(await gateway.listUploads(gateway.bucket)).toEqual([])
        if (kind === 'disk') expect(await scene.files(scene.root)).toEqual(['folder', 'folder/out', 'in'])
      })
    })
  },
)
