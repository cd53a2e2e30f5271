// A scanned picture carries the code behind a #, which no server log ever sees: it is put into the field.
"use strict";
const field = document.getElementById("code");
function take() {
  if (location.hash.length > 1) {
    field.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, "", "/pair");
  }
}
addEventListener("hashchange", take);
take();
field.focus();
