import { useEffect, useRef } from "react";

/** For the heading of a view that replaced another: readers of screens land on it. */
export function useFocusOnMount<T extends HTMLElement>() {
  const element = useRef<T>(null);
  useEffect(() => element.current?.focus({ preventScroll: true }), []);
  return element;
}
