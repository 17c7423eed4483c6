{{- /*
Where the controller's rights hold: "cluster", "namespaces" (Roles in several), "own" (a Role in its own), or "external", where
somebody else grants them. The controller's options decide what it serves, rbac.* how that is granted.
*/ -}}
{{- define "signet.rbacShape" -}}
{{- $listed := gt (len (default list .Values.additionalNamespaces)) 0 -}}
{{- $ownOnly := and (kindIs "bool" .Values.allNamespaces) (not .Values.allNamespaces) (not $listed) -}}
{{- if $ownOnly -}}
own
{{- else if .Values.rbac.namespacedRoles -}}
{{- if not $listed -}}
{{- fail "rbac.namespacedRoles needs to know for which namespaces: list them in additionalNamespaces, or set allNamespaces to false for the controller's own only" -}}
{{- end -}}
namespaces
{{- else if .Values.rbac.clusterRole -}}
cluster
{{- else -}}
external
{{- end -}}
{{- end -}}

{{- /* JSON of {namespaces: […]}: those in which Roles are granted. */ -}}
{{- define "signet.roleNamespaces" -}}
{{- $shape := include "signet.rbacShape" . -}}
{{- $own := include "signet.namespace" . -}}
{{- $namespaces := list -}}
{{- if eq $shape "own" -}}
{{- $namespaces = list $own -}}
{{- else if eq $shape "namespaces" -}}
{{- $namespaces = prepend .Values.additionalNamespaces $own | uniq -}}
{{- end -}}
{{- dict "namespaces" $namespaces | toJson -}}
{{- end -}}

{{- /* What the controller does wherever it serves. It reads Secrets by name alone, and of those that it watches the metadata. */ -}}
{{- define "signet.servingRules" -}}
- apiGroups: [bitnami.com]
  resources: [sealedsecrets]
  verbs: [get, list, watch]
- apiGroups: [bitnami.com]
  resources: [sealedsecrets/status]
  verbs: [update]
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, update {{- if include "signet.deletesSecrets" . }}, delete{{ end }}]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- if include "signet.vaultReferencesOn" . }}
# Tokens to read Vault with, of the one ServiceAccount that a namespace makes for it.
- apiGroups: [""]
  resources: [serviceaccounts/token]
  resourceNames: [signet-vault]
  verbs: [create]
{{- end }}
{{- end -}}

{{- define "signet.deletesSecrets" -}}
{{- if ne (toString .Values.rbac.deleteSecrets) "false" }}true{{ end -}}
{{- end -}}

{{- define "signet.electsLeader" -}}
{{- if ne (toString (.Values.leaderElection).enabled) "false" }}true{{ end -}}
{{- end -}}

{{- define "signet.accountSubject" -}}
- kind: ServiceAccount
  name: {{ include "signet.serviceAccountName" . }}
  namespace: {{ include "signet.namespace" . }}
{{- end -}}

{{- /* A binding to a role of that name. Takes {root, kind (Role or ClusterRole), name, role, namespace, subjects (text)}. */ -}}
{{- define "signet.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata: {{- include "signet.metadata" (dict "root" .root "name" .name "namespace" .namespace "labels" .root.Values.rbac.labels) | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ default .name .role | quote }}
subjects: {{- .subjects | nindent 2 }}
{{- end -}}
