import { createHash } from 'node:crypto';

export const hashOf = (password: string): string => createHash('sha256').update(password).digest('hex');
