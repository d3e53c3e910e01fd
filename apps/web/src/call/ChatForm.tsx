import { useState } from "react";
import { Icon } from "../ui/Icon.tsx";

export function ChatForm({ send, disabled }: { send: (text: string) => void; disabled: boolean }) {
  const [text, setText] = useState("");
  return (
    <form
      className="relative"
      onSubmit={(event) => {
        event.preventDefault();
        if (disabled || text.trim() === "") return;
        send(text);
        setText("");
      }}
    >
      <input
        data-testid="chat-input"
        aria-label="Message to the agent"
        placeholder="Or type here"
        className="field pr-12"
        autoComplete="off"
        enterKeyHint="send"
        maxLength={4_000}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button
        type="submit"
        data-testid="chat-send"
        aria-label="Send"
        disabled={disabled || text.trim() === ""}
        className="absolute inset-y-0 right-0 grid w-11 place-items-center rounded-[0.625rem] text-agent disabled:text-muted disabled:opacity-50"
      >
        <Icon name="send" />
      </button>
    </form>
  );
}
