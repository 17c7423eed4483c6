{{- /* A token of the ServiceAccount for Vault alone: one that the API server takes is not to go there. */ -}}
{{- define "signet.vaultJwtFile" -}}
{{- $vault := default dict .Values.vault -}}
{{- $auth := default dict $vault.auth -}}
{{- if and $vault.address $auth.role $auth.audience -}}
/var/run/secrets/signet.dev/vault/token
{{- end -}}
{{- end -}}

{{- define "signet.vaultCaFile" -}}
{{- $vault := default dict .Values.vault -}}
{{- $ca := default dict $vault.ca -}}
{{- if and $vault.address (or $ca.configMap $ca.secret) -}}
/var/run/secrets/signet.dev/vault-ca/ca.crt
{{- end -}}
{{- end -}}

{{- define "signet.vaultVolumes" -}}
{{- if include "signet.vaultJwtFile" . }}
- name: vault-token
  projected:
    sources:
      - serviceAccountToken:
          audience: {{ .Values.vault.auth.audience | quote }}
          expirationSeconds: 3600
          path: token
{{- end }}
{{- if include "signet.vaultCaFile" . }}
{{- $ca := .Values.vault.ca }}
{{- if and $ca.configMap $ca.secret -}}
{{- fail "vault.ca names a ConfigMap and a Secret: leave one of them out" -}}
{{- end }}
- name: vault-ca
  {{- if $ca.configMap }}
  configMap:
    name: {{ $ca.configMap | quote }}
  {{- else }}
  secret:
    secretName: {{ $ca.secret | quote }}
  {{- end }}
    items:
      - key: {{ default "ca.crt" $ca.key | quote }}
        path: ca.crt
{{- end }}
{{- end -}}

{{- define "signet.vaultVolumeMounts" -}}
{{- if include "signet.vaultJwtFile" . }}
- name: vault-token
  mountPath: /var/run/secrets/signet.dev/vault
  readOnly: true
{{- end }}
{{- if include "signet.vaultCaFile" . }}
- name: vault-ca
  mountPath: /var/run/secrets/signet.dev/vault-ca
  readOnly: true
{{- end }}
{{- end -}}

{{- /* "true" where spec.vault is on. It takes all of these; with less the right to request tokens would be granted for nothing. */ -}}
{{- define "signet.vaultReferencesOn" -}}
{{- $references := default dict .Values.vaultReferences -}}
{{- if $references.mounts -}}
{{- $missing := list -}}
{{- if not (default dict .Values.vault).address }}{{ $missing = append $missing "vault.address" }}{{ end -}}
{{- range $name := list "role" "audience" -}}
{{- if not (get $references $name) }}{{ $missing = append $missing (printf "vaultReferences.%s" $name) }}{{ end -}}
{{- end -}}
{{- if $missing -}}
{{- fail (printf "vaultReferences.mounts is given without %s: Vault references need all of them (docs/vault-references.md)" (join " and " $missing)) -}}
{{- end -}}
true
{{- end -}}
{{- end -}}
