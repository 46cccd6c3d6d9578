export { deploymentsQuery } from "../shell/queries";
