{{- /* Labels of every object that is written here; what stands in plain files is labelled by helm alone. */ -}}
{{- define "berth.labels" -}}
app.kubernetes.io/name: berth-operator
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: berth
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* What selects the operator's pods. The webhook's Service, a plain file, has the same. */ -}}
{{- define "berth.selector" -}}
app.kubernetes.io/name: berth-operator
{{- end }}

{{- /* The same of the console-proxy. */ -}}
{{- define "berth.console.labels" -}}
{{ include "berth.console.selector" . }}
app.kubernetes.io/component: console-proxy
app.kubernetes.io/part-of: berth
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "berth.console.selector" -}}
app.kubernetes.io/name: berth-console-proxy
{{- end }}

{{- /* The same of the portal. */ -}}
{{- define "berth.portal.labels" -}}
{{ include "berth.portal.selector" . }}
app.kubernetes.io/component: portal
app.kubernetes.io/part-of: berth
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "berth.portal.selector" -}}
app.kubernetes.io/name: berth-portal
{{- end }}

{{- define "berth.image" -}}
{{- $repository := required "image.repository: name the image that you built, see docs/operations/install.md" .repository -}}
{{- if .digest -}}
{{ $repository }}@{{ .digest }}
{{- else -}}
{{ $repository }}:{{ .tag }}
{{- end -}}
{{- end }}

{{- /*
A plain file of this chart in the namespace of the release. The demo and the tests apply the same files as they are, so
that there is one list of rights and no second one.
*/ -}}
{{- define "berth.plain" -}}
{{ .root.Files.Get .file | replace "namespace: berth-system" (printf "namespace: %s" .root.Release.Namespace) }}
{{- end }}
