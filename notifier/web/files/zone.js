// Proposes the time zone of the browser in each field that has the attribute data-guess-zone.
document.addEventListener("DOMContentLoaded", () => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return;
  for (const field of document.querySelectorAll("[data-guess-zone]")) {
    if (field.options && ![...field.options].some(option => option.value === zone)) field.add(new Option(zone, zone));
    field.value = zone;
  }
});
