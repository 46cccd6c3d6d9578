export { deploymentsQuery, providersQuery } from "../shell/queries";
