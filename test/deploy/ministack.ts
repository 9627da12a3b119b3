import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { LocalTarget } from '../../infra/deployLocal.ts';
import { installInto } from '../support/python.ts';

const run = promisify(execFile);

const packages = ['ministack==1.5.33', 'cryptography==50.0.2'];
const startMsMax = 20_000;
const stopMsMax = 10_000;
const pollMs = 100;

/** Installs MiniStack into a folder of its own. Throws NotPossibleHere without Python or without PyPI. */
export const installMinistack = (folder: string): Promise<string> => installInto(join(folder, 'venv'), packages);

/** A certificate for the loopback address, made with the library that MiniStack itself was installed with. */
const certificateScript = `
import datetime, ipaddress, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'localhost')])
now = datetime.datetime.now(datetime.timezone.utc)
hosts = x509.SubjectAlternativeName([x509.DNSName('localhost'), x509.IPAddress(ipaddress.ip_address('127.0.0.1'))])
certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
  .serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
  .add_extension(hosts, critical=False).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
  .sign(key, hashes.SHA256()))
open(sys.argv[1], 'wb').write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
open(sys.argv[2], 'wb').write(certificate.public_bytes(serialization.Encoding.PEM))
`;

export interface Ministack {
  readonly target: LocalTarget;
  readonly logFile: string;
  stop(): Promise<void>;
}

/** Starts MiniStack on loopback with TLS and IAM enforced, in an environment that holds nothing of the caller's. */
export const startMinistack = async (venv: string, folder: string, logFile: string, port: number): Promise<Ministack> => {
  const keyFile = join(folder, 'tls.key');
  const certificateFile = join(folder, 'tls.crt');
  await run(join(venv, 'bin', 'python'), ['-c', certificateScript, keyFile, certificateFile]);
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  const target = { endpoint: `https://127.0.0.1:${port}`, region: 'eu-west-1', certificateFile };
  const log = openSync(logFile, 'a');
  const child = spawn(join(venv, 'bin', 'ministack'), [], {
    cwd: home,
    stdio: ['ignore', log, log],
    detached: true,
    env: {
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: home,
      TMPDIR: home,
      LANG: 'C.UTF-8',
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      MINISTACK_HOST: '127.0.0.1',
      MINISTACK_REGION: target.region,
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      LAMBDA_ACCOUNT_CONCURRENCY: '40',
      AUTH: 'true',
      USE_SSL: '1',
      MINISTACK_SSL_CERT: certificateFile,
      MINISTACK_SSL_KEY: keyFile,
      NODE_EXTRA_CA_CERTS: certificateFile,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
  });
  closeSync(log);
  const stop = () => stopGroup(child);
  try {
    await listening(child, venv, `${target.endpoint}/_ministack/health`, certificateFile);
  } catch (error) {
    await stop();
    throw error;
  }
  return { target, logFile, stop };
};

/** This process does not trust the certificate, so another one asks. */
const listening = async (child: ChildProcess, venv: string, url: string, certificateFile: string): Promise<void> => {
  const ask =
    'import ssl,sys,urllib.request as r; r.urlopen(sys.argv[1], timeout=2, context=ssl.create_default_context(cafile=sys.argv[2]))';
  for (let waitedMs = 0; waitedMs < startMsMax; waitedMs += pollMs) {
    if (child.exitCode !== null) throw new Error(`MiniStack ended with ${child.exitCode} at its start`);
    try {
      await run(join(venv, 'bin', 'python'), ['-c', ask, url, certificateFile]);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
  throw new Error(`MiniStack does not answer at ${url}`);
};

/** MiniStack leads a process group of its own, so that the workers it leaves behind end with it. */
const stopGroup = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  signalGroup(child.pid, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child.pid!, 'SIGKILL'), stopMsMax);
  await ended;
  clearTimeout(timer);
  signalGroup(child.pid, 'SIGKILL');
};

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
