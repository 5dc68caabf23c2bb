import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

/** A line chart: what it shows, what to think of it, and where the numbers come from. */
export interface Chart {
  readonly title: string
  /** What it says to an operator. */
  readonly description: string
  /** Of Grafana: `s`, `bytes`, `Bps`, `short`, `reqps`, `percentunit`. */
  readonly unit: string
  /** `$selector` stands for the chosen jobs and instances, `$__rate_interval` for a range that fits. */
  readonly query: string
  /** The name of a line, from its labels. */
  readonly legend: string
}

export interface Board {
  /** The name of its file, and its fixed identity. */
  readonly name: string
  readonly title: string
  readonly description: string
  /** The questions that it answers, each a row of charts. */
  readonly rows: Readonly<Record<string, readonly Chart[]>>
}

const datasource = { type: 'prometheus', uid: '$datasource' }
const chartsPerRow = 3
const gridColumns = 24
const chartHeight = 8

/** A dashboard as Grafana reads it. */
export function dashboardOf({ name, title, description, rows }: Board): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(`kelpipe-${name}`)
    .description(description)
    .tags(['kelpipe'])
    .readonly()
    .refresh('30s')
    .time({ from: 'now-1h', to: 'now' })
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(chosen('job', 'Job', 'label_values(kelpipe_build_info, job)'))
    .withVariable(chosen('instance', 'Instance', 'label_values(kelpipe_build_info{job=~"$job"}, instance)'))
  for (const [question, charts] of Object.entries(rows)) {
    builder.withRow(new RowBuilder(question))
    for (const chart of charts) builder.withPanel(panelOf(chart))
  }
  return builder.build()
}

const chosen = (name: string, label: string, query: string): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.+')

const panelOf = ({ title, description, unit, query, legend }: Chart): PanelBuilder =>
  new PanelBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .unit(unit)
    .min(0)
    .height(chartHeight)
    .span(gridColumns / chartsPerRow)
    .withTarget(
      new DataqueryBuilder()
        .datasource(datasource)
        .expr(query.replaceAll('$selector', 'job=~"$job", instance=~"$instance"'))
        .legendFormat(legend),
    )
