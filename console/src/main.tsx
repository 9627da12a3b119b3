import { render } from 'preact';
import { App } from './app.tsx';
import 'uplot/dist/uPlot.min.css';
import './style/base.css';
import './style/controls.css';
import './style/parts.css';
import './style/live.css';
import './style/decision.css';
import './style/reviews.css';
import './style/account.css';
import './style/policy.css';
import './style/model.css';
import './style/narrow.css';

render(<App />, document.getElementById('console')!);
