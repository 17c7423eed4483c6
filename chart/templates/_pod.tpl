{{- define "signet.podSpec" -}}
serviceAccountName: {{ include "signet.serviceAccountName" . }}
{{- with .Values.terminationGracePeriodSeconds }}
terminationGracePeriodSeconds: {{ int . }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ ternary . (get (ternary dict . (kindIs "string" .)) "name") (kindIs "string" .) | quote }}
  {{- end }}
{{- end }}
{{- if .Values.podSecurityContext.enabled }}
securityContext: {{- omit .Values.podSecurityContext "enabled" | toYaml | nindent 2 }}
{{- end }}
{{- if .Values.hostNetwork }}
hostNetwork: true
{{- end }}
{{- if kindIs "bool" .Values.hostUsers }}
hostUsers: {{ .Values.hostUsers }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "signet.affinity" . }}
affinity: {{- . | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{- merge . (dict "labelSelector" (dict "matchLabels" (include "signet.selector" $ | fromYaml))) | toYaml | nindent 4 }}
  {{- end }}
{{- end }}
containers:
  - name: controller
    image: {{ include "signet.image" . | quote }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    {{- with .Values.command }}
    command: {{- include "signet.render" (dict "root" $ "value" .) | nindent 6 }}
    {{- end }}
    args:
      {{- if .Values.args }}
      {{- include "signet.render" (dict "root" . "value" .Values.args) | nindent 6 }}
      {{- else }}
      {{- include "signet.options" . | trim | nindent 6 }}
      {{- with .Values.extraArgs }}
      {{- include "signet.render" (dict "root" $ "value" .) | nindent 6 }}
      {{- end }}
      {{- end }}
    {{- with .Values.extraEnv }}
    env: {{- include "signet.render" (dict "root" $ "value" .) | nindent 6 }}
    {{- end }}
    ports:
      {{- range $name, $port := dict "http" 8080 "metrics" 8081 }}
      - name: {{ $name }}
        containerPort: {{ default $port (get $.Values.containerPorts $name) }}
        protocol: TCP
        {{- if $.Values.hostNetwork }}
        hostPort: {{ default $port (get $.Values.containerPorts $name) }}
        {{- else if get $.Values.hostPorts $name }}
        hostPort: {{ get $.Values.hostPorts $name }}
        {{- end }}
      {{- end }}
    {{- with include "signet.probe" (dict "root" . "field" "startupProbe" "probe" .Values.startupProbe "custom" .Values.customStartupProbe "path" "/healthz") }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with include "signet.probe" (dict "root" . "field" "livenessProbe" "probe" .Values.livenessProbe "custom" .Values.customLivenessProbe "path" "/healthz") }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with include "signet.probe" (dict "root" . "field" "readinessProbe" "probe" .Values.readinessProbe "custom" .Values.customReadinessProbe "path" "/readyz") }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .Values.resources }}
    resources: {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- if .Values.containerSecurityContext.enabled }}
    securityContext: {{- omit .Values.containerSecurityContext "enabled" | toYaml | nindent 6 }}
    {{- end }}
    volumeMounts:
      - name: tmp
        mountPath: /tmp
      {{- with include "signet.vaultVolumeMounts" . | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- with .Values.additionalVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - name: tmp
    emptyDir: {}
  {{- with include "signet.vaultVolumes" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .Values.additionalVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "signet.probe" -}}
{{- if .probe.enabled -}}
{{ .field }}: {{- merge (omit .probe "enabled") (dict "httpGet" (dict "path" .path "port" "http")) | toYaml | nindent 2 }}
{{- else if .custom -}}
{{ .field }}: {{- include "signet.render" (dict "root" .root "value" .custom) | nindent 2 }}
{{- end -}}
{{- end -}}

{{- define "signet.affinity" -}}
{{- if .Values.affinity -}}
{{- include "signet.render" (dict "root" . "value" .Values.affinity) -}}
{{- else if gt (int .Values.replicaCount) 1 -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (include "signet.selector" . | fromYaml)) -}}
{{- if eq (toString .Values.podAntiAffinity) "hard" -}}
podAntiAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    - {{- toYaml $term | nindent 6 }}
{{- else if eq (toString .Values.podAntiAffinity) "soft" -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm: {{- toYaml $term | nindent 8 }}
{{- end -}}
{{- end -}}
{{- end -}}
