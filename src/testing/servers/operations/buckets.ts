import { ServiceError } from '../service-error'
import { textsOf, unescapeXml } from '../xml'
import { receiveText } from './receive'
import { type Reply, xmlReply } from './reply'
import type { Task } from './service'
import { owner } from './uploads'

export async function listBuckets({ service }: Task): Promise<Reply> {
  return xmlReply(service, 'ListAllMyBucketsResult', [
    ['Owner', owner],
    [
      'Buckets',
      [
        [
          'Bucket',
          [
            ['Name', service.bucket.name],
            ['CreationDate', service.now().toISOString()],
          ],
        ],
      ],
    ],
  ])
}

export async function headBucket(): Promise<Reply> {
  return { status: 200, headers: {} }
}

export async function bucketLocation({ service }: Task): Promise<Reply> {
  return xmlReply(service, 'LocationConstraint', 'default')
}

export async function deleteObjects(task: Task): Promise<Reply> {
  const xml = await receiveText(task, 2 * 1024 * 1024)
  const keys = textsOf(xml, 'Key').map(unescapeXml)
  if (keys.length > 1000) throw new ServiceError(400, 'MalformedXML', 'at most 1000 keys at a time')
  for (const key of keys) await task.service.bucket.remove(key)
  const quiet = textsOf(xml, 'Quiet')[0] === 'true'
  return xmlReply(
    task.service,
    'DeleteResult',
    quiet ? [] : keys.map((key) => ['Deleted', [['Key', key]]] as const),
  )
}
