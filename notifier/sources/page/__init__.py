"""Page text: what is on the clipboard when someone copies a papers page."""
