// What scripts say, in the reader's language: the page brings the words.
const words = () => document.getElementById("words")?.dataset ?? {};

export const word = (name, value) => (words()[name] ?? "").replace("%s", value ?? "");

export const lengthOfTime = (seconds) => {
  const say = (minutes, hours, days) =>
    [
      days && words().days?.replace("%d", days),
      hours && words().hours?.replace("%h", hours),
      minutes !== null && words().minutes?.replace("%m", minutes),
    ]
      .filter(Boolean)
      .join(" ");
  const minutes = Math.max(0, Math.floor(seconds / 60));
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes < 60) return say(minutes, 0, 0);
  if (hours < 24) return say((hours < 10 && minutes % 60) || null, hours, 0);
  return say(null, days < 4 ? hours % 24 : 0, days);
};
