import { useLayoutEffect, useRef } from "react";

const nearPx = 80;

/** Keeps the newest line in sight, unless the person has scrolled up to read. */
export function useStickToBottom<T extends HTMLElement>(content: unknown) {
  const scroller = useRef<T>(null);
  const sticks = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new content is the reason to scroll
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && sticks.current) element.scrollTop = element.scrollHeight;
  }, [content]);
  const onScroll = () => {
    const element = scroller.current;
    if (element) sticks.current = element.scrollHeight - element.scrollTop - element.clientHeight < nearPx;
  };
  return { ref: scroller, onScroll };
}
