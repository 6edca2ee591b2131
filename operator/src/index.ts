export { declareTopology, definitionsDocument } from './topology/declare';
export { deriveTopology, type ServiceTable, type Topology } from './topology/topology';
export { connectManagement, type Management, type ManagementAccess } from './topology/management';
export { applyMigrations } from './migrate/apply';
export { readMigrations } from './migrate/migrations';
export { dataFolder, rootFolder } from './root';
export { services, shortNames, topology, type ShortName } from './services';
