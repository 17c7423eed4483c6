{{- define "signet.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* As the reference's chart makes it, so that its objects are updated in place. */ -}}
{{- define "signet.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "signet.namespace" -}}
{{- default .Release.Namespace .Values.namespace -}}
{{- end -}}

{{- define "signet.serviceAccountName" -}}
{{- $byDefault := ternary (include "signet.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $byDefault .Values.serviceAccount.name -}}
{{- end -}}

{{- define "signet.kubeVersion" -}}
{{- default (default .Capabilities.KubeVersion.Version .Values.kubeVersion) (.Values.global).kubeVersion -}}
{{- end -}}

{{- /* Image reference; where the values name the reference's image, ours, which alone fits these templates. */ -}}
{{- define "signet.image" -}}
{{- $image := .Values.image -}}
{{- $repository := $image.repository -}}
{{- $version := default .Chart.AppVersion $image.tag -}}
{{- if include "signet.namesReferenceImage" . -}}
{{- $repository = "signet-dev/signet-controller" -}}
{{- $version = .Chart.AppVersion -}}
{{- end -}}
{{- if and $image.registry (not (include "signet.isReferenceRegistry" .)) -}}
{{- $repository = printf "%s/%s" $image.registry $repository -}}
{{- else if include "signet.isReferenceRegistry" . -}}
{{- $repository = printf "ghcr.io/%s" $repository -}}
{{- end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (toString $version) -}}
{{- end -}}
{{- end -}}

{{- define "signet.namesReferenceImage" -}}
{{- if regexMatch "^(bitnami|bitnami-labs|bitnamilabs)/sealed-secrets-controller$" (toString .Values.image.repository) }}true{{ end -}}
{{- end -}}

{{- /* Docker Hub, in a values file that names the reference's image. A mirror of one's own is left as it is. */ -}}
{{- define "signet.isReferenceRegistry" -}}
{{- if and (include "signet.namesReferenceImage" .) (has (toString .Values.image.registry) (list "docker.io" "quay.io" "ghcr.io")) }}true{{ end -}}
{{- end -}}

{{- /* Labels by which the Deployment and the Services find the pods; they cannot be changed. */ -}}
{{- define "signet.selector" -}}
app.kubernetes.io/name: {{ include "signet.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* JSON of a map of texts, whatever YAML made of its values; templates in it are run. Takes {root, value}. */ -}}
{{- define "signet.texts" -}}
{{- $out := dict -}}
{{- range $key, $value := (tpl (toYaml (default dict .value)) .root | fromYaml) -}}
{{- $_ := set $out $key (ternary $value (toJson $value) (kindIs "string" $value)) -}}
{{- end -}}
{{- toJson $out -}}
{{- end -}}

{{- /*
The metadata of an object. Takes {root, name, namespace, labels, annotations, fixed}; what is fixed nobody overrides, since
something selects by it.
*/ -}}
{{- define "signet.metadata" -}}
{{- $root := .root -}}
{{- $chart := printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- $labels := dict
  "helm.sh/chart" $chart
  "app.kubernetes.io/managed-by" $root.Release.Service
  "app.kubernetes.io/version" $root.Chart.AppVersion
  "app.kubernetes.io/part-of" "sealed-secrets"
-}}
{{- $own := include "signet.texts" (dict "root" $root "value" .labels) | fromJson -}}
{{- $common := include "signet.texts" (dict "root" $root "value" $root.Values.commonLabels) | fromJson -}}
{{- $fixed := merge (default dict .fixed) (include "signet.selector" $root | fromYaml) -}}
{{- $labels = mergeOverwrite $labels $own $common $fixed -}}
{{- $annotations := include "signet.texts" (dict "root" $root "value" .annotations) | fromJson -}}
{{- $annotations = mergeOverwrite (include "signet.texts" (dict "root" $root "value" $root.Values.commonAnnotations) | fromJson) $annotations -}}
name: {{ .name | quote }}
{{- with .namespace }}
namespace: {{ . | quote }}
{{- end }}
labels: {{- toYaml $labels | nindent 2 }}
{{- with $annotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* A value, be it a text or not, with the templates in it run. Takes {root, value}. */ -}}
{{- define "signet.render" -}}
{{- tpl (ternary .value (toYaml .value) (kindIs "string" .value)) .root -}}
{{- end -}}
