{{- define "kelpipe.labels" -}}
app.kubernetes.io/name: kelpipe
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "kelpipe.selector" -}}
app.kubernetes.io/name: kelpipe
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}
