/** What is made up about an order. The same number always has the same answer. */
export function orderStatus(digits: string): string {
  let hash = 7;
  for (const digit of digits) hash = (hash * 31 + Number(digit) + 1) % 9973;
  return STATUSES[hash % STATUSES.length] as string;
}

const STATUSES = [
  "is being prepared and leaves us tomorrow morning",
  "is on its way and should arrive tomorrow before noon",
  "is ready, and you can pick it up today",
  "was delivered yesterday afternoon",
  "is waiting for one missing item and will be sent within three days",
];

/** `4711` as it is read out. */
export function sayDigits(digits: string): string {
  return [...digits].join(" ");
}
