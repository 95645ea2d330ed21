import { Component, type ErrorInfo, type ReactNode } from 'react';
import { useText } from '../i18n/use-text.ts';
import { ErrorPage } from './error-page.tsx';

/** Shows a page instead of nothing when a component throws. React has this for classes only. */
export class CrashBoundary extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError(): { crashed: boolean } {
    return { crashed: true };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error, info.componentStack);
  }

  override render(): ReactNode {
    return this.state.crashed ? <CrashPage /> : this.props.children;
  }
}

function CrashPage() {
  const { t } = useText();
  return (
    <ErrorPage status="500" title={t('error.500')} text={t('error.crash')}>
      <a href="/">{t('error.home')}</a>
    </ErrorPage>
  );
}
