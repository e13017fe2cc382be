import { defineFaults } from './define'

defineFaults(['stat', 'read', 'verify', 'stream'])
