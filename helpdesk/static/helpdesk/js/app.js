// What every signed-in page loads.
import "./pages.js";
import "./toasts.js";
import "./times.js";
import "./dialogs.js";
import "./composer.js";
import "./richfields.js";
import "./routes.js";
import "./conversation.js";
import "./letters.js";
import "./live.js";
import "./presence.js";
import "./desk.js";
import "./bell.js";
import "./keyboard.js";
import "./views.js";
import "./bulk.js";
import "./settings.js";
import "./acts.js";
import "./splitting.js";
import "./palette.js";
import "./reports.js";
import "./today.js";
import { ready } from "./early.js";

ready();
