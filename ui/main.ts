import { wordsOf } from './api.ts'
import { byId } from './dom.ts'
import { Inspector } from './inspector.ts'
import { LiveView } from './live.ts'

const themes = ['auto', 'light', 'dark'] as const
type Theme = (typeof themes)[number]
const themeKey = 'kelpipe-theme'

function showTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
  byId('theme').textContent = `Theme: ${theme}`
}

function startTheme(): void {
  let theme = themes.find((each) => each === localStorage.getItem(themeKey)) ?? 'auto'
  showTheme(theme)
  byId('theme').addEventListener('click', () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto'
    localStorage.setItem(themeKey, theme)
    showTheme(theme)
  })
}

const views = ['live', 'inspector'] as const

/** Shows the view that the address names. */
function showView(): void {
  const wanted = views.find((view) => location.hash === `#${view}`) ?? 'live'
  for (const view of views) {
    byId(view).hidden = view !== wanted
    if (view === wanted) byId(`to-${view}`).setAttribute('aria-current', 'page')
    else byId(`to-${view}`).removeAttribute('aria-current')
  }
  document.title = wanted === 'live' ? 'kelpipe' : 'kelpipe: inspector'
}

startTheme()
const words = await wordsOf()
new LiveView(byId('live'), words).start()
new Inspector(byId('inspector'), words).start()
addEventListener('hashchange', showView)
showView()
