import { services } from '../../shared/aws/services.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { ledgerOf } from '../../shared/ledger/judgement.ts';
import { modelInForce } from '../../shared/model/inForce.ts';
import { decideTransaction } from './decide.ts';

const world = services();
const ledger = ledgerOf(world, modelInForce(world));

export const handler = httpHandler('decide', { postDecision: (request) => decideTransaction(request, ledger) }, world);
