/** What the SDK wants for an emulator that checks neither. */
export const emulatorCredentials = { accessKeyId: 'local', secretAccessKey: 'local' } as const;
export const emulatorRegion = 'us-east-1';

/** Nothing here is for other machines. */
export const loopback = '127.0.0.1';
