// Dates as the reader's clock and language show them. Days in links carry the reader's offset from UTC, such
// as 2025-01-31+02:00, so that others who open the link see the same assets. Without scripts, days are in UTC.

const DAY = /^(\d{4}-\d\d-\d\d)([+-]\d\d:\d\d)?$/;

/** The moment at which a date of an address begins, in milliseconds. */
export function start(value) {
  const [, day, offset = "Z"] = DAY.exec(value) ?? [];
  return Date.parse(day ? `${day}T00:00${offset}` : value);
}

function withOffset(day) {
  const minutes = -new Date(`${day}T00:00`).getTimezoneOffset();
  if (!minutes || Number.isNaN(minutes)) return day;
  const pad = (number) => String(Math.trunc(number)).padStart(2, "0");
  return `${day}${minutes < 0 ? "-" : "+"}${pad(Math.abs(minutes) / 60)}:${pad(Math.abs(minutes) % 60)}`;
}

function daysAgo(days) {
  const date = new Date();
  date.setDate(date.getDate() - days);
  const pad = (number) => String(number).padStart(2, "0");
  return withOffset(`${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`);
}

// <local-time>: shows its <time> in the reader's time zone and format; the text of the server, in UTC, is its title.
class LocalTime extends HTMLElement {
  connectedCallback() {
    const time = this.querySelector("time");
    const moment = new Date(time?.dateTime);
    if (time.title || Number.isNaN(moment.getTime())) return;
    time.title = time.textContent;
    time.textContent = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(moment);
  }
}

// <local-days>: its links count back from the reader's today, and its inputs hold days of the reader.
class LocalDays extends HTMLElement {
  connectedCallback() {
    for (const link of this.querySelectorAll("a[data-days]:not([aria-current])")) {
      const day = encodeURIComponent(daysAgo(link.dataset.days)).replaceAll("%3A", ":");
      link.href = link.getAttribute("href").replace(/createdAt=[^&]*/, `createdAt=${day}..`);
    }
    for (const input of this.querySelectorAll("input[data-date]")) {
      const [, day, offset] = DAY.exec(input.value) ?? [];
      if (!offset) continue;
      input.defaultValue = day; // before the type, which does not accept an offset
      input.type = "date";
      input.dataset.offset = offset;
    }
  }
}

document.addEventListener("formdata", ({ target, formData }) => {
  for (const input of target.elements) {
    if (input.dataset.date === undefined || input.type !== "date" || !input.value) continue;
    const unchanged = input.value === input.defaultValue;
    formData.set(input.name, unchanged ? input.value + (input.dataset.offset ?? "") : withOffset(input.value));
  }
});

customElements.define("local-time", LocalTime);
customElements.define("local-days", LocalDays);
