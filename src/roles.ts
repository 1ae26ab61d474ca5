export const roles = ['viewer', 'ingestor', 'admin'] as const;

export type Role = (typeof roles)[number];
