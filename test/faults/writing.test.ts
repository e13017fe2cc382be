import { defineFaults } from './define'

defineFaults(['begin', 'part', 'copy', 'complete', 'look', 'put', 'abort'])
