export { overviewQuery } from "../shell/queries";
export { workloadQuery } from "../workloads/queries";
