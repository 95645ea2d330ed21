import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { createQueryClient } from '../data/queries.ts';
import { theme } from '../design/theme.ts';
import { CrashBoundary } from '../errors/crash.tsx';
import { ConfirmProvider } from './confirm.tsx';
import { Gate } from './gate.tsx';
import { Notices } from './notices.tsx';

declare global {
  /** Where the library that locks the page's scrolling looks for a nonce. */
  var __webpack_nonce__: string | undefined;
}

/** The nonce that style elements need under the page's Content-Security-Policy. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
globalThis.__webpack_nonce__ = nonce;

const queries = createQueryClient();

/** The whole application. */
export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queries}>
        <ConfirmProvider>
          <CrashBoundary>
            <Gate />
          </CrashBoundary>
          <Notices />
        </ConfirmProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
