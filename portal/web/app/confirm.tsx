import { Button, Group, Modal, TextInput } from '@mantine/core';
import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from 'react';
import { useText } from '../i18n/use-text.ts';

/** What is asked before something is done. All confirmations look alike. */
export interface Question {
  title: string;
  text: string;
  /** The word on the button that does it. */
  action: string;
  danger?: boolean;
  /** What must be typed first, for what cannot be undone. */
  typed?: string;
}

type Confirm = (question: Question) => Promise<boolean>;

const ConfirmContext = createContext<Confirm>(() => Promise.resolve(false));

/** Asks the person; resolves with whether it is to be done. */
export const useConfirm = (): Confirm => useContext(ConfirmContext);

/** Shows what {@link useConfirm} asks. */
export function ConfirmProvider({ children }: { children: ReactNode }) {
  const { t } = useText();
  const [question, setQuestion] = useState<Question>();
  const [opened, setOpened] = useState(false);
  const [typed, setTyped] = useState('');
  const answer = useRef<(yes: boolean) => void>(undefined);

  const confirm = useCallback<Confirm>(asked => {
    answer.current?.(false);
    setQuestion(asked);
    setTyped('');
    setOpened(true);
    return new Promise(resolve => {
      answer.current = resolve;
    });
  }, []);
  const close = (yes: boolean) => {
    setOpened(false);
    answer.current?.(yes);
    answer.current = undefined;
  };
  const ready = question?.typed === undefined || typed.trim() === question.typed;
  return (
    <ConfirmContext value={confirm}>
      {children}
      <Modal opened={opened} onClose={() => close(false)} title={question?.title} centered>
        <form
          onSubmit={event => {
            event.preventDefault();
            if (ready) close(true);
          }}
        >
          <p>{question?.text}</p>
          {question?.typed !== undefined && (
            <TextInput
              mt="md"
              label={t('confirm.type', { name: question.typed })}
              value={typed}
              onChange={event => setTyped(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
            />
          )}
          <Group justify="flex-end" mt="lg" gap="sm">
            <Button variant="default" onClick={() => close(false)}>
              {t('confirm.cancel')}
            </Button>
            <Button type="submit" color={question?.danger ? 'red.9' : undefined} disabled={!ready}>
              {question?.action}
            </Button>
          </Group>
        </form>
      </Modal>
    </ConfirmContext>
  );
}
